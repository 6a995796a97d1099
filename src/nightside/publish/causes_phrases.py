"""Every word about evidence and causes."""

from __future__ import annotations

TITLE = "What speaks for which cause"
SHORT_NOTE = (
    "Scores are sums of stated weights (rules {version}), normalised: no probability that anybody measured."
)
NOTE = (
    "Each piece of evidence moves the score of a family, and of the causes within it, by a weight that stands in a "
    "table to be read and argued with (docs/diagnosis.md; rules and weights {version}). The scores are these sums, "
    "normalised to one: they order what is known, and no frequency of anything was measured to be so. What others "
    "report weighs nothing."
)
FAMILY = {
    "internal": "inside the country",
    "upstream": "on the way out",
    "external": "from elsewhere",
    "our_view": "no outage, but our own view",
    "undetermined": "undetermined",
}
FAMILY_OF_AS = {**FAMILY, "internal": "inside the network"}
CAUSE = {
    "power_or_equipment": "power or equipment failure",
    "software_or_reconfiguration": "software update or reconfiguration",
    "deliberate_shutdown": "deliberate shutdown",
    "maintenance": "maintenance",
    "transit_loss": "loss of transit at the upstream",
    "upstream_disconnection": "deliberate disconnection by the upstream",
    "cable_cut": "cable cut",
    "attack": "attack",
    "leak_or_hijack": "route leak or hijack",
    "broken_view": "our view was broken",
    "undetermined": "undetermined",
}
SURE = "Where it lay: {family}, with a score of {score}. What it was: {cause}, with {cause_score}."
SURE_FAMILY = "Where it lay: {family}, with a score of {score}. What it was is undetermined: {candidates}."
NOT_SURE = "Where it lay is undetermined: {candidates}. What it was is undetermined too."
CANDIDATE = "{name} {score}"
HEAD = "{cause} ({family}): {score}"
FOR = "  for {weight}: {says} [{rests}]"
AGAINST = "  against {weight}: {says} [{rests}]"
RESTS = "{signal} at {at}"
MORE = "  and {count} more of less weight"
OTHERS = "Less is spoken for: {list}."
UNKNOWN = "Not known, and so weighing nothing: {list}."
UNKNOWN_ITEM = "{rule} ({why})"

# The page.
FAMILIES_CAPTION = "Families, by score"
FAMILY_COLUMN = "Where it lay"
SCORE_COLUMN = "Score"
CAUSE_FOR = "for"
CAUSE_AGAINST = "against"
NOTHING_FOR = "Nothing that is known speaks for it."
NOTHING_AGAINST = "Nothing that is known speaks against it."
REST = "The other causes"
EVIDENCE_CAPTION = "The evidence: what each rule says, and where to look"
RULE_COLUMN = "Rule"
SAYS_COLUMN = "What it says"
LOOK_COLUMN = "Where to look, and when"
UNKNOWN_SAYS = "Not known: {why}."
