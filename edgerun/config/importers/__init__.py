"""From CloudFront configurations as users keep them to the native form (`design.md` §8).

Each format is read into nodes that know their place (`node`), brought to CloudFormation's words as an `Estate`, and
from there by one table of words to the native form. So a fault is told at the place in the user's own file, and what a
key means is written down once.
"""
