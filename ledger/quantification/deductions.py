"""What is taken off for uncertainty."""

from decimal import Decimal

from ledger.quantification.factors import Factor, factor_tables


def conservativeness(uncertainty_percent: Decimal) -> Factor:
    """Return the factor of the narrowest band that an uncertainty fits in. Source: UNFCCC adjustment guidance."""
    bands = [factor for factor in factor_tables().values() if factor.table == "uncertainty"]
    fitting = [band for band in bands if band.key != "above" and uncertainty_percent <= Decimal(band.key)]
    if fitting:
        return min(fitting, key=lambda band: Decimal(band.key))
    return next(band for band in bands if band.key == "above")
