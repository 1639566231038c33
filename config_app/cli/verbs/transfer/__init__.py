"""The verbs that transfer the configuration to another install, and the options of these verbs."""
