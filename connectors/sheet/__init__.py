"""CSV and XLSX files of one folder, in the canonical sheet format: one stream per noun."""
