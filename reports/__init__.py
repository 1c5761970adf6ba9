"""Views of a run record: HTML, JUnit, Allure."""
