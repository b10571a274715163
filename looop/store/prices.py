"""What an answer costs by the prices in CONFIG, where its agent tells tokens and no dollars.

In: CONFIG's `prices`, by runner or by `runner/model`; an answer. Out: dollars, or None: unknown is not zero.
"""

from looop.core.usage import Used
from looop.store.config import Config, Price

_MILLION = 1e6


def price(config: Config, runner: str, model: str) -> Price | None:
    """Find the price of the model, also where its name goes on with a date; else that of its runner."""
    name = f"{runner}/{model}"
    fitting = [it for it in config.prices if "/" in it and name.startswith(it)]
    return config.prices[max(fitting, key=len)] if fitting else config.prices.get(runner)


def cost(config: Config, runner: str, used: Used) -> float | None:
    """Give what an answer costs; None when nobody wrote its price down."""
    found = price(config, runner, used.model)
    if found is None:
        return None
    read = found.input if found.cache_read is None else found.cache_read
    write = found.input if found.cache_write is None else found.cache_write
    plain = used.fresh * found.input + used.output * found.output
    return (plain + used.cache_read * read + used.cache_write * write) / _MILLION
