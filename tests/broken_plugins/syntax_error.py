"""Is not Python."""

def register_models(register)
    pass
