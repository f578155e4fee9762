"""What the paper compares with: steps in GRN's place, other decoders, other encoders.

Each is here to be measured against, not to be used. The steps need torch alone.
"""
