"""How fast it is, beside something bare in the same run. `make bench`; never part of the tests."""
