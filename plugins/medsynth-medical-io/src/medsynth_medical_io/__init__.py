"""DICOM and NIfTI in, NIfTI out.

Axis order: slices are (H, W), rows first; volumes are (W, H, K) as NIfTI orders them, so that
`volume[:, :, k].T` is a slice. A view is three letters, the directions in which columns, rows
and slices grow: "LPS" is axial as radiologists look at it.

No file name, patient id, date or UID leaves this package except in messages about files that
stop the work; see `hiding`.
"""
