"""Proof that nothing is lost or bought twice: a bot that ends itself at a chosen step, and who checks after."""
