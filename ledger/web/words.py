"""What the terms of methodologies are called among people. The keys are those of the factor tables."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = dict[str, str | Promise]

METHODOLOGIES: Words = {
    "rice-water-1": _("Paddy methane avoided by managing water"),
    "soc-tier1-1": _("Soil organic carbon of cropland"),
}
WATER: Words = {
    "continuous": _("flooded all season"),
    "single_drainage": _("drained once in mid-season"),
    "multiple_drainage": _("drained several times (alternate wetting and drying)"),
}
PRESEASON: Words = {
    "non_flooded_under_180_days": _("dry before planting, less than 180 days"),
    "non_flooded_over_180_days": _("dry before planting, more than 180 days"),
    "non_flooded_over_365_days": _("dry before planting, more than a year"),
    "flooded_over_30_days": _("flooded before planting, more than 30 days"),
    "unspecified": _("not known"),
}
AMENDMENTS: Words = {
    "straw_under_30_days": _("straw, worked in less than 30 days before planting"),
    "straw_over_30_days": _("straw, worked in more than 30 days before planting"),
    "compost": _("compost"),
    "farmyard_manure": _("farmyard manure"),
    "green_manure": _("green manure"),
}
REGIONS: Words = {
    "east_asia": _("East Asia"),
    "southeast_asia": _("Southeast Asia"),
    "south_asia": _("South Asia"),
    "europe": _("Europe"),
    "north_america": _("North America"),
    "south_america": _("South America"),
    "africa": _("Africa"),
    "world": _("world average"),
}
GWP: Words = {
    "AR5": _("IPCC AR5: methane 28, nitrous oxide 265"),
    "AR6": _("IPCC AR6: methane 27.0, nitrous oxide 273"),
}
CLIMATES: Words = {
    "warm_temperate_moist": _("warm temperate, moist"),
    "warm_temperate_dry": _("warm temperate, dry"),
    "cool_temperate_moist": _("cool temperate, moist"),
    "cool_temperate_dry": _("cool temperate, dry"),
    "tropical_moist": _("tropical, moist"),
    "tropical_wet": _("tropical, wet"),
    "tropical_dry": _("tropical, dry"),
    "tropical_montane": _("tropical, in mountains"),
    "boreal_moist": _("boreal, moist"),
    "boreal_dry": _("boreal, dry"),
    "polar_moist": _("polar, moist"),
    "polar_dry": _("polar, dry"),
}
SOILS: Words = {
    "high_activity_clay_soils": _("high activity clay"),
    "low_activity_clay_soils": _("low activity clay (red and yellow earths)"),
    "sandy_soils": _("sandy"),
    "spodic_soils": _("spodic"),
    "volcanic_soils": _("volcanic"),
    "wetland_soils": _("wetland"),
}
LAND_USES: Words = {
    "annual_crops": _("annual crops"),
    "annual_crops_wet": _("annual crops, wet"),
    "paddy_rice_cultivation": _("paddy rice"),
    "perennial_crops": _("perennial crops"),
    "set_aside": _("set aside"),
}
TILLAGE: Words = {
    "full_tillage": _("full tillage"),
    "reduced_tillage": _("reduced tillage"),
    "no_tillage": _("no tillage"),
}
INPUTS: Words = {
    "cropland_low": _("low: residues removed"),
    "medium": _("medium: residues returned"),
    "cropland_high_without_manure": _("high: residues and cover crops, no manure"),
    "cropland_high_with_manure": _("high: with manure"),
}
SEASONS: Words = {
    "early": _("early rice"),
    "middle": _("single rice"),
    "late": _("late rice"),
}
SCENARIOS: Words = {
    "baseline": _("before the project"),
    "project": _("in the project"),
    "both": _("before and in the project"),
}
# The settings that hold for a whole project, by their keys in a case file.
SETTINGS: Words = {
    "region": _("Region of the emission factor"),
    "gwp": _("Global warming potential"),
    "risk_percent": _("Risk of reversal, percent to the buffer pool"),
}
SYMBOLS: Words = {
    "SFo": _("scaling factor of organic amendments"),
    "EF": _("methane emission factor of the season"),
    "CH4": _("methane emitted"),
    "N2O": _("nitrous oxide emitted"),
    "leakage": _("leakage: yield that fell is grown elsewhere"),
    "u": _("uncertainty"),
    "gross": _("reduction before deductions"),
    "net": _("net reduction"),
    "SOC": _("stock of soil organic carbon"),
    "ΔSOC": _("carbon dioxide taken up in a year"),
    "buffer": _("to the buffer pool"),
}
FACTOR_STATES: Words = {
    "1 by definition": _("1 by definition"),
    "as implemented in hestia-earth-models 0.74.17": _("as implemented in hestia-earth-models 0.74.17"),
    "as implemented in hestia-earth-models 0.74.17; full tillage is 1.00 by definition": _(
        "as implemented in hestia-earth-models 0.74.17; full tillage is 1.00 by definition"
    ),
    "as implemented in hestia-earth-models 0.74.17; medium input is 1.00 by definition": _(
        "as implemented in hestia-earth-models 0.74.17; medium input is 1.00 by definition"
    ),
    "confirmed in an independent public source": _("confirmed in an independent public source"),
    "confirmed in two independent public sources": _("confirmed in two independent public sources"),
    "from memory, to be checked": _("from memory, to be checked"),
    "transcribed from memory of the tables: to be checked against the IPCC's own before a production release": _(
        "transcribed from memory of the tables: to be checked against the IPCC's own before a production release"
    ),
}
# The goals of the United Nations that a project furthers beside the climate's, by the keys of ledger.projects.cadtrust.
CO_BENEFITS: Words = {
    "sdg_1": _("1 No poverty"),
    "sdg_2": _("2 Zero hunger"),
    "sdg_3": _("3 Good health and well-being"),
    "sdg_4": _("4 Quality education"),
    "sdg_5": _("5 Gender equality"),
    "sdg_6": _("6 Clean water and sanitation"),
    "sdg_7": _("7 Affordable and clean energy"),
    "sdg_8": _("8 Decent work and economic growth"),
    "sdg_9": _("9 Industry, innovation and infrastructure"),
    "sdg_10": _("10 Reduced inequalities"),
    "sdg_11": _("11 Sustainable cities and communities"),
    "sdg_12": _("12 Responsible consumption and production"),
    "sdg_13": _("13 Climate action"),
    "sdg_14": _("14 Life below water"),
    "sdg_15": _("15 Life on land"),
    "sdg_16": _("16 Peace, justice and strong institutions"),
    "sdg_17": _("17 Partnerships for the goals"),
}
LABEL_TYPES: Words = {
    "endorsement": _("endorsement"),
    "letter_of_qualification": _("letter of qualification"),
    "certification": _("certification"),
}
# GB/T 2260, the first two digits.
PROVINCES: Words = {
    "11": _("Beijing"),
    "12": _("Tianjin"),
    "13": _("Hebei"),
    "14": _("Shanxi"),
    "15": _("Inner Mongolia"),
    "21": _("Liaoning"),
    "22": _("Jilin"),
    "23": _("Heilongjiang"),
    "31": _("Shanghai"),
    "32": _("Jiangsu"),
    "33": _("Zhejiang"),
    "34": _("Anhui"),
    "35": _("Fujian"),
    "36": _("Jiangxi"),
    "37": _("Shandong"),
    "41": _("Henan"),
    "42": _("Hubei"),
    "43": _("Hunan"),
    "44": _("Guangdong"),
    "45": _("Guangxi"),
    "46": _("Hainan"),
    "50": _("Chongqing"),
    "51": _("Sichuan"),
    "52": _("Guizhou"),
    "53": _("Yunnan"),
    "54": _("Tibet"),
    "61": _("Shaanxi"),
    "62": _("Gansu"),
    "63": _("Qinghai"),
    "64": _("Ningxia"),
    "65": _("Xinjiang"),
}


def word_for(words: Words, key: str) -> str:
    """Return what people call it, or the key itself where nobody has given it a name."""
    return str(words.get(key, key))
