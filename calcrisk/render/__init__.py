"""Renderers: each turns an ``Assessment`` into text and computes nothing. Only ``terminal`` loads rich."""
