"""Channels between dispatch centre, gateways and field terminals: what each keeps to, one module per kind."""
