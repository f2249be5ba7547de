"""What the questions of a risk assessment and their answers are called among people."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.web.words import Words

CATEGORIES: Words = {
    "internal": _("Internal risks"),
    "external": _("External risks"),
    "natural": _("Natural risks"),
}
QUESTIONS: Words = {
    "experience": _("Experience of the people who run the project"),
    "presence": _("How near they are to the fields"),
    "adaptive_plan": _("A plan of how to go on when something changes"),
    "breakeven": _("When the project's income has paid for it"),
    "funding": _("How much of the money until then is secured"),
    "alternative": _("What another use of the land would pay"),
    "commitment": _("Legal commitment to the practices"),
    "longevity": _("How long the practices will be kept"),
    "rights": _("Who holds the land and the right to use it"),
    "disputes": _("Disputes over the land"),
    "consultation": _("Households on the land that were consulted"),
    "benefit": _("What the households gain"),
    "governance": _("Governance of the country (World Bank, mean of six scores)"),
    "fire": _("Fire, such as burnt stubble"),
    "flood": _("Flood, storm and erosion"),
    "drought": _("Drought"),
    "pests": _("Pests and diseases"),
}
ANSWERS: dict[str, Words] = {
    "experience": {"experienced": _("experienced in all that is needed"), "little": _("some experience is missing")},
    "presence": {"within_a_day": _("within a day's journey"), "farther": _("farther away")},
    "adaptive_plan": {"in_place": _("there is one"), "none": _("there is none")},
    "breakeven": {
        "under_4_years": _("within 4 years"),
        "4_to_7_years": _("in 4 to 7 years"),
        "7_to_10_years": _("in 7 to 10 years"),
        "over_10_years": _("after more than 10 years"),
    },
    "funding": {
        "80_percent_and_more": _("80 % and more"),
        "40_to_80_percent": _("40 to 80 %"),
        "15_to_40_percent": _("15 to 40 %"),
        "under_15_percent": _("less than 15 %"),
    },
    "alternative": {
        "project_pays_50_percent_more": _("the project pays at least 50 % more"),
        "project_pays_20_percent_more": _("the project pays 20 to 50 % more"),
        "about_the_same": _("about the same"),
        "alternative_pays_20_percent_more": _("another use pays 20 to 50 % more"),
        "alternative_pays_50_percent_more": _("another use pays 50 to 100 % more"),
        "alternative_pays_100_percent_more": _("another use pays more than twice as much"),
    },
    "commitment": {
        "none": pgettext_lazy("commitment", "none"),
        "for_the_crediting_period": _("for the whole crediting period"),
    },
    "longevity": {
        "40_years": _("40 years, without a contract"),
        "60_years": _("60 years, without a contract"),
        "100_years": _("100 years, without a contract"),
        "40_years_by_contract": _("40 years, by contract"),
        "60_years_by_contract": _("60 years, by contract"),
        "under_40_years": _("less than 40 years"),
    },
    "rights": {"held_by_one": _("both held by the same"), "held_by_several": _("held by different ones")},
    "disputes": {
        "none": pgettext_lazy("disputes", "none"),
        "over_use": _("over the use"),
        "over_ownership": _("over the ownership, on more than 5 percent of the area"),
    },
    "consultation": {"most_households": _("half of them and more"), "fewer_than_half": _("fewer than half")},
    "benefit": {"shown": _("more than they lose, and it is shown"), "not_shown": _("not shown")},
    "governance": {
        "0.82_and_more": _("0.82 and more"),
        "0.19_to_0.82": _("0.19 to 0.82"),
        "-0.32_to_0.19": _("−0.32 to 0.19"),
        "-0.79_to_-0.32": _("−0.79 to −0.32"),
        "under_-0.79": _("less than −0.79"),
    },
}
SIGNIFICANCES: Words = {
    "none": _("does not occur here"),
    "catastrophic": _("70 percent of the carbon and more"),
    "devastating": _("50 to 70 percent of the carbon"),
    "major": _("25 to 50 percent of the carbon"),
    "minor": _("5 to 25 percent of the carbon"),
    "insignificant": _("less than 5 %, or made up for within 10 years"),
}
LIKELIHOODS: Words = {
    "under_10_years": _("more often than every 10 years"),
    "10_to_25_years": _("every 10 to 25 years"),
    "25_to_50_years": _("every 25 to 50 years"),
    "50_to_100_years": _("every 50 to 100 years"),
    "rarer": _("more rarely"),
}
MITIGATIONS: Words = {
    "none": pgettext_lazy("mitigation", "nothing"),
    "one_measure": _("prevention, or a record of having contained it"),
    "prevention_and_record": _("prevention, and a record of having contained it"),
}
