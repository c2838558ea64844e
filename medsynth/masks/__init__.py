"""Mask perturbations and the mask plan, in numpy and OpenCV: no torch, no files.

Axis order: (H, W); points and sizes are (row, column). *Draw* is apart from *apply*: an
operator draws a `Step` of plain values, and the step alone, with the source masks,
gives the same mask again on any machine.

======================  ====================================================
`perturbation`          the contract: `Perturbation`, `Step`, `DrawContext`
`affine` `elastic`      built-in operators, each beside its options
`flip` `copy_paste`
`operators`             operators by name, from the entry points
`options`               `MaskOptions`: which operators, how often, how strong
`plan` `plan_entry`     the plan: which masks, in order
`render`                from an entry of the plan to its mask
`words`                 what was done to a mask, in words
`source_choice`         which source each entry starts from; negatives
`balance` `strata`      what the plan fills up
`acceptance` `flaws`    which draws are refused, and why
`features`              a mask in figures, from `moments`, `object_shapes`, `contacts`
`profile` `places`      the figures of the training masks
`plausibility`          the rules that follow from them; `count_shares` keeps frequencies
`novelty`               copies: of `real_masks`, of `planned_masks` (by `signature`)
`diversity`             density and coverage
======================  ====================================================
"""
