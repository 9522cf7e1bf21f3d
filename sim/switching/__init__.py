"""Orders of operations between the steps of a plan, each state on the way checked by AC power flow."""
