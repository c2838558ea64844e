"""Mask perturbations and the mask plan, in numpy and OpenCV: no torch, no files.

Axis order: (H, W); points and sizes are (row, column). *Draw* is apart from *apply*: an
operator draws a `Step` of plain values, and the step alone, with the source masks,
gives the same mask again on any machine.

======================  ====================================================
`perturbation`          the contract: `Perturbation`, `Step`, `DrawContext`
`flip` `affine`         operators that move the whole mask, each beside its
`elastic`               options
`grow` `contour_noise`  operators that move boundaries (`boundary`)
`smooth`
`blend` `shape_model`   operators that give objects other shapes (`reshape`)
`copy_paste` `cut`      operators that add and take away objects
`nesting` `layers`      classes inside others, and how they change together
`operators`             operators by name, from the entry points
`policy_options`        the policy in a recipe: operators, choices, chains
`policies` `policy`     policies by name, and a policy at work
`options`               `MaskOptions`: the policy, what is nested or refused
`plan` `plan_entry`     the plan: which masks, in order
`render`                from an entry of the plan to its mask
`words`                 what was done to a mask, in words
`box` `objects`         where foreground lies, and what moves as one: found once a mask
`source_choice`         which source each entry starts from; negatives
`balance` `strata`      what the plan fills up
`acceptance` `flaws`    which draws are refused, and why
`features`              a mask in figures, from `moments`, `object_shapes`, `contacts`
`profile` `places`      the figures of the training masks
`placement`             rules of place alone, asked between a draw's steps
`plausibility`          the rules that follow from them; `count_shares` keeps frequencies
`novelty`               copies: of `real_masks`, of `planned_masks` (by `signature`)
`diversity`             density and coverage
======================  ====================================================
"""
