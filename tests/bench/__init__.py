"""Tests of `flask bench`: that it prints what it measured, and that its counting can find a fault."""
