"""How the services say no: every refusal they document or were seen to give, by name, as they write it on the wire."""
