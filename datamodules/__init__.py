"""The paper's data sets, and the DataModules that turn their files into typed batches.

Nothing is imported here, so that parts without torch (sample data, downloads) start quickly.
"""
