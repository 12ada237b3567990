"""What language models write for Interlock: each module is an agent that asks them, or a part of such agents.

Their deliverables stand beside the computed ones and never in their place: no figure is computed from them.
"""
