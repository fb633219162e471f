"""What it costs: the whole bot as a process, in the sandbox, measured from outside."""
