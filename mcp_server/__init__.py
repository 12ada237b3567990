"""Interlock for agents that speak the Model Context Protocol (MCP): tools and resources over its REST interface.

Every tool is one or two calls of the REST interface, sent with the caller's own key. So each rule there is, about
scopes, roles, own requests, rates and what an account may see, is the one of REST; this room has no rule of its own. It
knows no other room, and is imported only where agents are served: it needs the extra `mcp`.
"""
