"""The providers' side of the wire, on loopback: Gemini, Gemini Omni, Runway, ElevenLabs, Groq and S3.

`world.ProviderWorld` starts them. Nothing here knows the product: it speaks what the providers' documents and SDKs do.
"""
