"""What tools/benchmarks/gpu_table.py is made of: proofs first, then figures, a part a file."""
