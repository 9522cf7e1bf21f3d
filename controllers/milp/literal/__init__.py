"""The literal form of the model, as printed in Guo et al.: the oracle of the compact form on small cases."""
