"""Operations worth a kernel, one folder each: ``reference.py`` is the definition in plain torch."""
