/** What the late-arrival sweep remembers. */
export interface LateDocumentTables {
  late_documents: { erp_id: string; business_date: string; change: string; told_at: Date }
  /** One row. */
  late_document_sweep: {
    id: boolean
    swept_until: Date | null
    lease_token: string | null
    lease_expires_at: Date | null
  }
}
