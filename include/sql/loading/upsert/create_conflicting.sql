create unlogged table {conflicting} (like {core});
