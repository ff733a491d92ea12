#!/usr/bin/env node
process.stdout.write("queuewatch\n");
