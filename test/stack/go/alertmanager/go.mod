module queuewatch.invalid/alertmanager

go 1.26
