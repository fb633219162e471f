"""What the product is: the brief, the analysis, the plan, the talk about it and its price. No Discord, no engine."""
