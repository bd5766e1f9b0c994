"""Benchmarks: what the gateway costs against the floor, in one run. `python -m bench`, or `make bench`."""
