"""What is found in the records: rules, findings and the cases people work on."""
