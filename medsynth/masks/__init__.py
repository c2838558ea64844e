"""Mask perturbations and the mask plan, in numpy alone: no torch, no files.

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
======================  ====================================================
"""
