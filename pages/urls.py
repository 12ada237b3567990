"""The addresses that serve every page."""

from django.urls import path

from pages.csp_reports import take_report

urlpatterns = [path("csp-reports", take_report, name="csp-reports")]
