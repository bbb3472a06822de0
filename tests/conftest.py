pytest_plugins = ["tests.schedule", "tests.servers.plugin", "tests.variants.clock", "tests.faults.figures"]
