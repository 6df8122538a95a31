"""The engines that compare.py runs, one class or worker script each."""
