"""The model gateway: asks language models, within limits, and takes nothing on trust that they answer.

Only a child process that runs an agent with `uses_models` imports more of it than `workers.models.contract`.
"""
