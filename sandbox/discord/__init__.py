"""Discord on loopback: SimCord's semantics behind real HTTP and WebSocket.

`world.DiscordWorld` is the way in; README.md lists what is SimCord's, what is ours and what neither shows.
"""
