"""What depends on the machine: compilation, memory, further processes."""
