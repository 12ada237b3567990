"""The addresses of the portal's pages."""

from django.urls import path

from portal import (
    answer_link,
    blank_table,
    compare_page,
    my_projects,
    new_request,
    project_page,
    question_page,
    report_files,
    report_page,
    rows_page,
    shared_report,
    sharing,
    unread_rows,
)
from reports import downloads

app_name = "portal"
urlpatterns = [
    path("", my_projects.MyProjects.as_view(), name="projects"),
    path("requests/new/", new_request.NewRequest.as_view(), name="new"),
    path("requests/table.<str:form>", blank_table.download_blank_table, name="blank-table"),
    path("projects/<uuid:pk>/", project_page.ProjectPage.as_view(), name="project"),
    path("projects/<uuid:pk>/cancel/", project_page.Cancel.as_view(), name="cancel"),
    path("projects/<uuid:pk>/report/", report_page.ReportPage.as_view(), name="report"),
    path("projects/<uuid:pk>/report.<str:ending>", report_files.ReportFile.as_view(), name="report-file"),
    path("projects/<uuid:pk>/links/", sharing.ShareReport.as_view(), name="share"),
    path("projects/<uuid:pk>/links/<uuid:link>/revoke/", sharing.RevokeLink.as_view(), name="revoke-link"),
    path("projects/<uuid:pk>/rows/", rows_page.RowsPage.as_view(), name="rows"),
    path("projects/<uuid:pk>/unread-rows.csv", unread_rows.download_unread_rows, name="unread-rows"),
    path("projects/<uuid:pk>/compare/", compare_page.ComparePage.as_view(), name="compare"),
    path("projects/<uuid:pk>/deliverables/<uuid:deliverable>.json", downloads.download_deliverable, name="json"),
    path("projects/<uuid:pk>/deliverables/<uuid:deliverable>.csv", downloads.download_table, name="csv"),
    path("questions/<uuid:pk>/", question_page.QuestionPage.as_view(), name="question"),
    path("answer/<str:token>/", answer_link.AnswerLink.as_view(), name="answer-link"),
    path("shared/<str:token>/", shared_report.SharedReport.as_view(), name="shared"),
    path("shared/<str:token>/report.pdf", shared_report.SharedPdf.as_view(), name="shared-pdf"),
]
