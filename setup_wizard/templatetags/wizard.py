"""What the wizard's pages say about the product."""

from __future__ import annotations

from django import template

from setup_wizard.product import get_product

register = template.Library()


@register.simple_tag
def product_noun() -> str:
    """Return the word for what is set up."""
    return get_product().noun
