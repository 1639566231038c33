"""The claim: the setup token, the draft with the answers so far, and the transaction of the claim."""
