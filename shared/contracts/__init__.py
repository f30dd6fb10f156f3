"""The published language: what the services tell each other and other systems (N1).

Import modules, not names: `from shared.contracts import matching as contracts`. Used at the edges only; a rule never
sees a contract.
"""
