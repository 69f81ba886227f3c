def spoken(formula: str) -> str:
    return formula
