"""A recurrent network that reads a subject's series beside those of what lies upstream of it.

Needs the extra `rnn`. Only this folder imports torch, and only `predictor.py` is imported from
outside before somebody asked for a network.
"""
