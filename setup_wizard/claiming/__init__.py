"""The claim: the setup token, the draft of what was entered, and the one commit."""
