from benchmarks.collection.commands import app

app()
