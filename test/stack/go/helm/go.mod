module queuewatch.invalid/helm

go 1.26
