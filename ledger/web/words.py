"""What the terms of methodologies are called among people. The keys are those of the factor tables."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = dict[str, str | Promise]

METHODOLOGIES: Words = {
    "rice-water-1": _("Paddy methane avoided by managing water"),
    "rice-water-2": _("Paddy methane avoided by managing water, with inputs and fuel"),
    "soc-tier1-1": _("Soil organic carbon of cropland"),
    "soc-measured-1": _("Soil organic carbon of cropland, measured by samples"),
}
# What each is for, in a sentence or two.
PURPOSES: Words = {
    "rice-water-1": _(
        "For paddies that are drained during the season instead of standing under water. Avoided methane cannot come back: "
        "nothing goes to the buffer pool."
    ),
    "rice-water-2": _(
        "The same for paddies, and what they get is counted as well: manure, lime, urea, diesel. More of it than before is "
        "taken off; less is no gain."
    ),
    "soc-tier1-1": _(
        "For fields where tillage, crops or manure let carbon build up in the soil. A share goes to the buffer pool, in case "
        "it is lost again."
    ),
    "soc-measured-1": _(
        "For fields whose soil is sampled before and in the project. What counts is what the samples show; where they do not "
        "show a gain for certain, nothing is credited. A share goes to the buffer pool."
    ),
}
COMPONENTS: Words = {
    "n2o_direct": _("nitrous oxide from nitrogen brought onto the fields"),
    "n2o_volatilised": _("nitrous oxide from nitrogen lost to the air"),
    "n2o_leached": _("nitrous oxide from nitrogen washed out"),
    "lime": _("carbon dioxide from lime"),
    "urea": _("carbon dioxide from urea"),
    "fuel": _("fuel of machines and pumps"),
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
# By which soils emit nitrous oxide, and whether nitrogen is washed out.
NITROGEN_CLIMATES: Words = {
    "wet": _("wet: more rain than can evaporate"),
    "dry": _("dry, not irrigated"),
    "dry_irrigated": _("dry, irrigated"),
}
FUELS: Words = {
    "diesel_off_road": _("diesel for tractors and harvesters"),
    "gasoline_off_road": _("petrol for small machines"),
    "diesel_stationary": _("diesel for pumps and dryers"),
}
# The columns of a table of soil samples, by their keys in a case file; a file may have either as its headings.
SAMPLE_COLUMNS: Words = {
    "parcel": _("Field"),
    "point": _("Sampling point"),
    "upper_cm": _("From, cm"),
    "lower_cm": _("To, cm"),
    "bulk_density_g_per_cm3": _("Bulk density, g/cm³"),
    "coarse_fragments_mass_percent": _("Stones over 2 mm, % of mass"),
    "soc_g_per_kg": _("Organic carbon, g/kg"),
}
COMPARISONS: Words = {
    "resampled": _("the same fields, sampled again"),
    "control": _("fields beside that are farmed as before"),
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
    "climate": _("Climate, for nitrous oxide"),
    "risk_percent": _("Risk of reversal, percent to the buffer pool"),
    "depth_cm": _("Depth down to which carbon is accounted for, cm"),
    "comparison": _("What the project's samples are compared with"),
    "began_on": _("The new practice began on"),
    "baseline_change_t_c_per_ha_year": _("What the soil would gain by itself, t C/ha a year"),
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
    "N2O vol": _("nitrous oxide from nitrogen lost to the air"),
    "N2O leach": _("nitrous oxide from nitrogen washed out"),
    "CO2 lime": _("carbon dioxide from lime"),
    "CO2 urea": _("carbon dioxide from urea"),
    "fuel": _("fuel of machines and pumps"),
    "increase": _("what the inputs add; savings do not count"),
    "M_ref": _("mass of mineral soil that is compared"),
    "SOC_ref": _("carbon in that mass of soil, at a sampling point"),
    "mean": _("mean of the sampling points"),
    "SE": _("standard error of the mean"),
    "ΔSOC/ha": _("carbon gained on a hectare in a year"),
    "half-width": _("half-width of the 95 % interval"),
    "MDD": _("smallest difference that so many points would show"),
    "expected": _("expected by the proponent, not measured"),
    "forecast": _("forecast: nothing is credited before it is measured"),
}
RESULTS: Words = {
    "gross_t_co2e": _("Reduction before deductions, t CO₂e"),
    "uncertainty_percent": _("Uncertainty, percent"),
    "uncertainty_factor": _("Factor for uncertainty"),
    "net_t": _("Net reduction, whole tonnes CO₂e"),
    "buffer_t": _("To the buffer pool, whole tonnes CO₂e"),
    "issuable_t": _("To the cooperative, whole tonnes CO₂e"),
    "ch4_baseline_kg": _("Methane before the project, kg"),
    "ch4_project_kg": _("Methane in the project, kg"),
    "n2o_increase_t_co2e": _("Increase of nitrous oxide, t CO₂e"),
    "leakage_t_co2e": _("Leakage, t CO₂e"),
    "inputs_increase_t_co2e": _("Increase by inputs and fuel, t CO₂e"),
    "half_width_t_co2e": _("Half-width of the 95 % interval, t CO₂e"),
    "detectable_t_co2e": _("Smallest difference that the samples would show, t CO₂e"),
    "expected_t": _("Forecast, whole tonnes CO₂e"),
}
# The tables of factors, by their names in the CSV files.
TABLES: Words = {
    "ef_c": _("methane of continuously flooded rice, by region"),
    "sf_w": _("scaling by the water of the season"),
    "sf_p": _("scaling by the water before planting"),
    "cfoa": _("conversion of organic amendments"),
    "exponent": _("exponent of organic amendments"),
    "ef1_fr": _("nitrous oxide of flooded rice, by water"),
    "gwp_AR5": _("global warming potential, AR5"),
    "gwp_AR6": _("global warming potential, AR6"),
    "uncertainty": _("deduction by uncertainty: up to so many percent"),
    "soc_reference": _("reference stock of soil carbon, by soil and climate"),
    "f_lu": _("change of the stock by land use"),
    "f_mg": _("change of the stock by tillage"),
    "f_i": _("change of the stock by organic matter returned"),
    "ef1": _("nitrous oxide from nitrogen brought onto the fields"),
    "frac_gas": _("share of nitrogen lost to the air"),
    "ef4": _("nitrous oxide from nitrogen lost to the air"),
    "frac_leach": _("share of nitrogen washed out"),
    "ef5": _("nitrous oxide from nitrogen washed out"),
    "ef_lime": _("carbon in lime"),
    "ef_urea": _("carbon in urea"),
    "n_content": _("nitrogen in fertiliser"),
    "density": _("density of fuel"),
    "ncv": _("energy in fuel"),
    "ef_fuel_co2": _("carbon dioxide from fuel"),
    "ef_fuel_ch4": _("methane from fuel"),
    "ef_fuel_n2o": _("nitrous oxide from fuel"),
    "som_per_soc": _("organic matter for each part of organic carbon"),
    "student_t_95": _("Student's t, 95 %, by degrees of freedom"),
    "student_t_power_90": _("Student's t for a power of 90 %, by degrees of freedom"),
}
FACTOR_KEYS: Words = {
    "sf_o": _("organic amendments"),
    "ch4": _("methane"),
    "n2o": _("nitrous oxide"),
    "synthetic": _("mineral fertiliser"),
    "organic": _("manure and compost"),
    "volatilised": _("nitrogen lost to the air"),
    "leached": _("nitrogen washed out"),
    "limestone": _("limestone"),
    "dolomite": _("dolomite"),
    "urea": _("urea"),
    "van_bemmelen": _("mineral soils"),
    "unspecified": _("not known"),
    "above": _("above that"),
    "irrigated_unspecified": _("irrigated, not specified"),
    "regular_rainfed": _("rain-fed, regular"),
    "drought_prone": _("rain-fed, prone to drought"),
    "deep_water": _("deep water"),
    "upland": _("upland, never flooded"),
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
    "computed from the distribution": _("computed from the distribution"),
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


def chemical(text: str) -> str:
    """Return a text with its chemical formulas as they are printed."""
    for plain, printed in (("CO2", "CO₂"), ("CH4", "CH₄"), ("N2O", "N₂O")):
        text = text.replace(plain, printed)
    return text


def word_for(words: Words, key: str) -> str:
    """Return what people call it, or the key itself where nobody has given it a name."""
    return str(words.get(key, key))
